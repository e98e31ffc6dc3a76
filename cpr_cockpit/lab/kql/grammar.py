"""The grammar of the subset, for the LALR parser of lark."""

GRAMMAR = r"""
query: (let ";")* pipeline ";"?

let: "let" NAME "=" expression             -> let_value
   | "let" NAME "=" tabular                -> let_table

// A table where a value may stand, too: what tells them apart is the first bar.
?tabular: subquery
        | "materialize" "(" pipeline ")"
?subquery: NAME ("|" operator)+                   -> pipeline
         | "(" subquery ")" ("|" operator)*       -> pipeline
         | union ("|" operator)*                  -> pipeline

pipeline: source ("|" operator)*
?source: NAME
       | "(" pipeline ")"
       | "print" items -> print
       | union

union: "union" parameter* tables
tables: right ("," right)*
parameter: "kind" "=" NAME                -> union_kind
         | "withsource" "=" NAME          -> union_source
         | "isfuzzy" "=" ("true" | "false") -> union_fuzzy

?operator: ("where" | "filter") expression                            -> where
         | "extend" items                                             -> extend
         | "project" items                                            -> project
         | "summarize" items                                          -> summarize
         | "summarize" "by" items                                     -> summarize_by
         | "summarize" items "by" items                               -> summarize
         | ("order" | "sort") "by" keys                               -> sort
         | ("take" | "limit") expression                              -> take
         | "top" expression "by" key                                  -> top
         | "distinct" "*"                                             -> distinct
         | "distinct" NAME ("," NAME)*                                -> distinct
         | "count"                                                    -> count
         | union
         | AWAY NAME ("," NAME)*                                      -> columns
         | KEEP NAME ("," NAME)*                                      -> columns
         | RENAME renaming ("," renaming)*                            -> rename
         | "join" ["kind" "=" NAME] right "on" on (("," | "and") on)* -> join

?right: "(" pipeline ")"
      | NAME              -> table

renaming: NAME "=" NAME

on: NAME                                            -> on_same
  | "$left" "." NAME "==" "$right" "." NAME         -> on_pair

items: item ("," item)*
item: expression
    | NAME "=" expression                         -> named
    | "(" NAME ("," NAME)+ ")" "=" expression     -> named

keys: key ("," key)*
key: expression [DIRECTION] ["nulls" PLACE]

?expression: conjunction
           | expression "or" conjunction      -> or_
?conjunction: comparison
            | conjunction "and" comparison    -> and_
?comparison: sum
           | sum COMPARISON sum                             -> binary
           | sum "==" sum                                   -> equal
           | sum TEXT_TEST sum                              -> binary
           | sum "matches" "regex" sum                      -> matches
           | sum LIST_TEST "(" expression ("," expression)* ")"    -> member
           | sum MEMBER_TEST "(" subquery ")"                      -> member_of
           | sum MEMBER_TEST "(" expression ("," expression)* ")"  -> member
           | sum RANGE_TEST "(" expression ".." expression ")"     -> range
?sum: product
    | sum SIGN product           -> binary
?product: unary
        | product "*" unary      -> times
        | product "/" unary      -> divided
        | product "%" unary      -> rest
?unary: primary
      | SIGN unary               -> signed
?primary: literal
        | NAME                   -> name
        | primary "." NAME       -> path
        | primary "[" expression "]"               -> item_of
        | "toscalar" "(" pipeline ")"              -> scalar
        | NAME "(" [argument ("," argument)*] ")"  -> call
        | "(" expression ")"

?argument: expression
         | "*"        -> star

?literal: TYPED      -> typed
        | DYNAMIC    -> dynamic
        | TIMESPAN   -> timespan
        | REAL       -> real
        | LONG       -> long
        | STRING     -> string
        | VERBATIM   -> verbatim
        | "true"     -> true
        | "false"    -> false

COMPARISON.2: "!=" | "=~" | "!~" | "<=" | ">=" | "<" | ">"
TEXT_TEST.3: /!?(has_cs|has|contains_cs|contains|startswith_cs|startswith|endswith_cs|endswith)(?!\w)/
LIST_TEST.4: /has_any(?!\w)|has_all(?!\w)/
AWAY.3: "project-away"
KEEP.3: "project-keep"
RENAME.3: "project-rename"
MEMBER_TEST.3: /!?in~|!?in(?!\w)/
RANGE_TEST.3: /!?between(?!\w)/
SIGN: "+" | "-"
DIRECTION.3: /(asc|desc)(?!\w)/
PLACE.3: /(first|last)(?!\w)/
TYPED.5: /(datetime|date|timespan|time|int|long|real|double|bool|boolean)\(\s*[^()"',]*\)/
DYNAMIC.6: /dynamic\(\s*(\[[^\]]*\]|\{[^}]*\}|null)\s*\)/
TIMESPAN.4: /\d+(\.\d+)?(microseconds?|milliseconds?|ticks?|ms|days?|hours?|minutes?|seconds?|d|h|m|s)(?!\w)/
REAL.3: /\d+\.\d+([eE][+-]?\d+)?(?!\w)|\d+[eE][+-]?\d+(?!\w)/
LONG.2: /\d+(?!\w)/
STRING: /"(\\.|[^"\\\n])*"|'(\\.|[^'\\\n])*'/
VERBATIM: /@"(""|[^"])*"|@'(''|[^'])*'/
NAME: /[A-Za-z_]\w*/

%ignore /[ \t\r\n]+/
%ignore /\/\/[^\n]*/
"""
