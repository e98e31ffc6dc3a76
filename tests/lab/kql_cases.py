"""Queries of the subset, with the columns that Microsoft's own parser says they have."""

from __future__ import annotations

CANARY = """
AppRequests
| where TimeGenerated > ago(20m) and isempty(SyntheticSource)
| summarize Total=sum(ItemCount), Failed=sumif(ItemCount, Success == false),
    E5xx=sumif(ItemCount, toint(ResultCode) >= 500), Rows=count(),
    (p50,p95,p99)=percentilesw(DurationMs, ItemCount, 50, 95, 99)
    by bin(TimeGenerated, 1m), AppVersion, AppRoleName
"""
FRESHNESS = "AppRequests | summarize max(TimeGenerated), Lag=percentile(ingestion_time()-TimeGenerated, 95)"
NEW_FAILURES = """
let before = AppExceptions | where AppVersion == "v1.2.0" | distinct ProblemId;
AppExceptions
| where AppVersion == "v1.3.0"
| summarize sum(ItemCount) by ProblemId, AppVersion
| join kind=leftanti (before) on ProblemId
"""

_PAIR = (
    "AppRequests | project OperationName, ItemCount | join kind={} (AppExceptions | project OperationName, ItemCount)"
)
_BOTH = "OperationName:string, ItemCount:int, OperationName1:string, ItemCount1:int"

# Query to columns, recorded from @kusto/language-service-next 12.4.1 (`KustoCode.ResultType`).
COLUMNS: dict[str, str] = {
    CANARY: "TimeGenerated:datetime, AppVersion:string, AppRoleName:string, Total:long, Failed:long, E5xx:long, "
    "Rows:long, p50:real, p95:real, p99:real",
    FRESHNESS: "max_TimeGenerated:datetime, Lag:timespan",
    NEW_FAILURES: "ProblemId:string, AppVersion:string, sum_ItemCount:long",
    "AppRequests | summarize count(), count()": "count_:long, count_1:long",
    "AppRequests | summarize count() by count_=AppVersion": "count_:string, count_1:long",
    "AppRequests | summarize countif(Success), sum(ItemCount), sum(DurationMs), sumif(ItemCount, Success == false), "
    "avg(DurationMs), avg(ItemCount), avg(TimeGenerated), min(ItemCount), max(DurationMs), dcount(AppVersion)": (
        "countif_Success:long, sum_ItemCount:long, sum_DurationMs:real, sumif_ItemCount:long, avg_DurationMs:real, "
        "avg_ItemCount:real, avg_TimeGenerated:datetime, min_ItemCount:int, max_DurationMs:real, dcount_AppVersion:long"
    ),
    "AppRequests | summarize percentile(DurationMs, 95), percentiles(DurationMs, 50, 95, 99), "
    "percentilew(DurationMs, ItemCount, 95), percentilesw(DurationMs, ItemCount, 50, 99.9)": (
        "percentile_DurationMs_95:real, percentile_DurationMs_50:real, percentile_DurationMs_951:real, "
        "percentile_DurationMs_99:real, percentile_DurationMs_952:real, percentile_DurationMs_501:real, "
        "percentile_DurationMs_99_9:real"
    ),
    "AppRequests | summarize percentile(ItemCount, 95), percentile(TimeGenerated, 2.50), percentile(DurationMs+1, 5)": (
        "percentile_ItemCount_95:long, percentile_TimeGenerated_2_5:datetime, percentile__5:real"
    ),
    "AppRequests | summarize (p50,p95)=percentiles(DurationMs, 50, 95, 99)": (
        "p50:real, p95:real, percentile_DurationMs_99:real"
    ),
    "let p=95; AppRequests | summarize percentile(DurationMs, p)": "percentile_DurationMs_95:real",
    "AppRequests | summarize 100.0*countif(Success)/count(), A=sum(ItemCount)/count(), toint(count())": (
        "Column1:real, A:long, count_:int"
    ),
    "AppRequests | summarize count()+1 by DurationMs > 5": "Column1:bool, Column2:long",
    "AppRequests | summarize iff(count() > 0, sum(ItemCount), 0), x=1": "Column1:long, x:long",
    "AppRequests | summarize avgif(DurationMs, Success), minif(DurationMs, Success), maxif(DurationMs, Success), "
    "dcountif(AppVersion, Success)": (
        "avgif_DurationMs:real, minif_DurationMs:real, maxif_DurationMs:real, dcountif_AppVersion:long"
    ),
    "AppRequests | summarize count() by bin(TimeGenerated, 1m), bin(TimeGenerated, 5m), toint(ResultCode)": (
        "TimeGenerated:datetime, TimeGenerated1:datetime, ResultCode:int, count_:long"
    ),
    "AppRequests | summarize by bin_at(TimeGenerated, 1m, now())": "TimeGenerated:datetime",
    "AppRequests | summarize take_any(DurationMs*2), X=take_any(Name), max(ingestion_time())": (
        "any_arg0:real, X:string, max_$IngestionTime:datetime"
    ),
    "AppRequests | project AppVersion, TimeGenerated, Name | summarize arg_max(TimeGenerated, *) by AppVersion": (
        "AppVersion:string, TimeGenerated:datetime, Name:string"
    ),
    "AppRequests | project AppVersion, TimeGenerated, Name | summarize arg_max(TimeGenerated, *) "
    "by bin(TimeGenerated, 1m)": "TimeGenerated:datetime, TimeGenerated1:datetime, AppVersion:string, Name:string",
    "AppRequests | summarize arg_max(TimeGenerated, Name), arg_min(DurationMs+1, Name), arg_max(ItemCount, 1)": (
        "TimeGenerated:datetime, Name:string, min_:real, Name1:string, ItemCount:int, max_ItemCount_arg1:long"
    ),
    "AppRequests | project DurationMs*2, toint(ResultCode), bin(TimeGenerated,1m), ingestion_time(), X=1": (
        "Column1:real, ResultCode:int, TimeGenerated:datetime, $IngestionTime:datetime, X:long"
    ),
    "AppRequests | project toint(ResultCode), ResultCode": "ResultCode:int, ResultCode1:string",
    "AppRequests | project ResultCode | extend toint(ResultCode), tolong(ResultCode)": "ResultCode:long",
    "AppRequests | project AppVersion | extend 1 | extend 2": "AppVersion:string, Column1:long, Column2:long",
    "let p = 5; AppRequests | project p, p": "p:long, p1:long",
    "AppRequests | count | extend X=Count": "Count:long, X:long",
    "AppRequests | distinct AppVersion, Name": "AppVersion:string, Name:string",
    "AppRequests | top 5 by DurationMs asc | project DurationMs": "DurationMs:real",
    "AppRequests | sort by Name asc nulls last, DurationMs | limit 3 | project Name": "Name:string",
    "print 1, x=2, now(), 1m, toint('1')": "print_0:long, x:long, print_2:datetime, print_3:timespan, print_4:int",
    "let T = AppRequests | where Success; let U = T; U | join T on Name | count": "Count:long",
    "AppRequests | project N=Name, V=AppVersion | join kind=inner (AppExceptions | project OperationName, AppVersion) "
    "on $left.N == $right.OperationName and $left.V == $right.AppVersion": (
        "N:string, V:string, OperationName:string, AppVersion:string"
    ),
    "AppRequests | summarize make_list(Name), make_set(ResultCode), make_list(DurationMs, 10), "
    "make_set_if(Name, Success), make_list_if(Name, Success)": (
        "list_Name:dynamic, set_ResultCode:dynamic, list_DurationMs:dynamic, set_Name:dynamic, list_Name1:dynamic"
    ),
    "union AppRequests, AppExceptions | project TimeGenerated, OperationName, ItemCount, DurationMs": (
        "TimeGenerated:datetime, OperationName:string, ItemCount:int, DurationMs:real"
    ),
    "union withsource=T (AppRequests | project A=1), (AppExceptions | project A=2)": "T:string, A:long",
    "union isfuzzy=true AppRequests, AppExceptions | count": "Count:long",
    "AppRequests | project A=1, B='x' | union kind=outer (AppExceptions | project A=2, C=3)": (
        "A:long, B:string, C:long"
    ),
    "AppRequests | project Name, ResultCode, DurationMs | project-away ResultCode": "Name:string, DurationMs:real",
    "AppRequests | project Name, ResultCode, DurationMs | project-keep DurationMs, Name": (
        "Name:string, DurationMs:real"
    ),
    "AppRequests | project Name, ResultCode, DurationMs | project-rename Code = ResultCode": (
        "Name:string, Code:string, DurationMs:real"
    ),
    "AppRequests | project round(DurationMs, 1), floor(DurationMs, 5), ceiling(DurationMs), abs(DurationMs), "
    "abs(ItemCount), round(ItemCount), min_of(DurationMs, ItemCount), max_of(ItemCount, 5), isnan(DurationMs), "
    "isfinite(DurationMs)": (
        "DurationMs:real, DurationMs1:real, DurationMs2:real, DurationMs3:real, ItemCount:long, ItemCount1:int, "
        "Column1:real, Column2:long, Column3:bool, Column4:bool"
    ),
    "AppRequests | project strlen(Name), substring(Name, 1, 2), extract('a(.)', 1, Name), parse_json(Name), "
    "todynamic(Name), array_length(dynamic([1,2])), tobool(Name), totimespan(Name), "
    "datetime_diff('second', now(), TimeGenerated)": (
        "strlen_Name:long, Column1:string, Column2:string, Name:dynamic, Name1:dynamic, Column3:long, Name2:bool, "
        "Name3:timespan, Column4:long"
    ),
    "AppRequests | project Properties.feature, tostring(Properties.feature), Properties['feature'], "
    "X=tostring(Properties['a']), toint(Properties.n), Properties.a.b, Properties.a[0]": (
        "Properties_feature:dynamic, Properties_feature1:string, Properties_feature2:dynamic, X:string, "
        "Properties_n:int, Properties_a_b:dynamic, Properties_a_0:dynamic"
    ),
    "AppRequests | where Name in (AppExceptions | project OperationName) | count": "Count:long",
    "let known = materialize(AppExceptions | distinct ProblemId); AppExceptions | where ProblemId !in (known) "
    "| summarize sum(ItemCount) by ProblemId": "ProblemId:string, sum_ItemCount:long",
    "let n = toscalar(AppRequests | count); AppRequests | project n, n + 1": "n:long, Column1:long",
    "AppRequests | where Name matches regex 'a.*' and Name has_any ('a', 'b') and Name has_all ('c') | count": (
        "Count:long"
    ),
    "AppRequests | where Name in (dynamic(['a', 'b'])) | project dynamic({'a': 1}), dynamic([1]), D=dynamic(null)": (
        "Column1:dynamic, Column2:dynamic, D:dynamic"
    ),
    "print dynamic(['a'])[0], strcat('a', 1, 2.5), tostring(1.5), tostring(true)": (
        "print_0:dynamic, print_1:string, print_2:string, print_3:string"
    ),
    "let T = (AppRequests | where Success); T | count": "Count:long",
    "let T = union AppRequests, AppExceptions | where ItemCount > 0; T | count": "Count:long",
    "AppRequests | extend Y = DurationMs % 5 | project Y": "Y:real",
    "AppDependencies | summarize Calls=count(), Failed=countif(Success == false), "
    "P95=percentilew(DurationMs, ItemCount, 95) by Target, DependencyType": (
        "Target:string, DependencyType:string, Calls:long, Failed:long, P95:real"
    ),
    "AppBrowserTimings | summarize percentilesw(TotalDurationMs, ItemCount, 50, 95) by AppVersion": (
        "AppVersion:string, percentile_TotalDurationMs_50:real, percentile_TotalDurationMs_95:real"
    ),
    "union AppPageViews, AppEvents | summarize dcount(UserId), dcountif(UserId, isnotempty(UserId)) "
    "by bin(TimeGenerated, 1m)": "TimeGenerated:datetime, dcount_UserId:long, dcountif_UserId:long",
    "let from = datetime(2026-02-02T02:30:00Z); AppRequests | summarize Requests=count(), "
    "Failures=countif(Success == false), Slow=countif(DurationMs > 120.5) "
    "by Start=bin_at(TimeGenerated, timespan(0.00:00:05.0000000), from), AppVersion, OperationName, AppRoleInstance": (
        "Start:datetime, AppVersion:string, OperationName:string, AppRoleInstance:string, Requests:long, "
        "Failures:long, Slow:long"
    ),
    _PAIR.format("inner") + " on OperationName": _BOTH,
    _PAIR.format("innerunique") + " on OperationName": _BOTH,
    _PAIR.format("leftouter") + " on OperationName": _BOTH,
    _PAIR.format("leftanti") + " on OperationName": "OperationName:string, ItemCount:int",
    _PAIR.format("leftsemi") + " on OperationName": "OperationName:string, ItemCount:int",
}
