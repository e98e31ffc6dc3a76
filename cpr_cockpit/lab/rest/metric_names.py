"""The metrics of the lab's resources, with units and usual aggregations as Azure's reference of supported metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """`aggregation`: the one answered when none is asked for; `text`: the name for people."""

    unit: str
    aggregation: str
    text: str


SITE = {
    "Requests": Metric("Count", "total", "Requests"),
    "Http2xx": Metric("Count", "total", "Http 2xx"),
    "Http3xx": Metric("Count", "total", "Http 3xx"),
    "Http401": Metric("Count", "total", "Http 401"),
    "Http403": Metric("Count", "total", "Http 403"),
    "Http404": Metric("Count", "total", "Http 404"),
    "Http4xx": Metric("Count", "total", "Http 4xx"),
    "Http5xx": Metric("Count", "total", "Http Server Errors"),
    "HttpResponseTime": Metric("Seconds", "average", "Response Time"),
    "CpuTime": Metric("Seconds", "total", "CPU Time"),
    "MemoryWorkingSet": Metric("Bytes", "average", "Memory working set"),
    "InstanceCount": Metric("Count", "average", "Automatic Scaling Instance Count"),
    "RequestsInApplicationQueue": Metric("Count", "average", "Requests In Application Queue"),
    "HealthCheckStatus": Metric("Count", "average", "Health check status"),
}
PLAN = {
    "CpuPercentage": Metric("Percent", "average", "CPU Percentage"),
    "MemoryPercentage": Metric("Percent", "average", "Memory Percentage"),
}
DATABASE = {
    "cpu_percent": Metric("Percent", "average", "CPU percentage"),
    "connection_successful": Metric("Count", "total", "Successful Connections"),
    "connection_failed": Metric("Count", "total", "Failed Connections : System Errors"),
    "sessions_percent": Metric("Percent", "average", "Sessions percentage"),
}
