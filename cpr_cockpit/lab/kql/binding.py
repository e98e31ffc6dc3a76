"""From the syntax tree of an expression to something that can be worked out, and how new columns are named."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cpr_cockpit.lab.kql import errors, functions, nodes, operators, texts
from cpr_cockpit.lab.kql.aggregates import AGGREGATES
from cpr_cockpit.lab.kql.bound import Bound, column
from cpr_cockpit.lab.kql.frame import Column, Frame
from cpr_cockpit.lab.kql.makers import Context


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean in one operator: `columns` of its input (name to type), then `variables` of the query.

    `aggregate` binds calls of aggregate functions; where it is None they are not allowed. `tables`: the names of
    tables, and `evaluate` works one out.
    """

    operator: str
    columns: Mapping[str, str]
    variables: Mapping[str, Bound]
    context: Context
    tables: Container[str]
    evaluate: Callable[[nodes.Pipeline], Frame]
    aggregate: Callable[[nodes.Call], Bound] | None = None


def bind(expression: nodes.Expression, scope: Scope) -> Bound:
    """The expression with its names resolved and its type known. Raises KqlError."""
    match expression:
        case nodes.Literal(type, value):
            return Bound(type, value=value)
        case nodes.Name(name):
            return _name(name, scope)
        case nodes.Operation(operator, operands):
            return operators.apply(operator, _operands(operator, operands, scope))
        case nodes.Call(function, arguments):
            if function in functions.FUNCTIONS:
                return functions.call(scope.context, function, [bind(argument, scope) for argument in arguments])
            return _aggregate(expression, scope)
        case nodes.Member(value, key):
            return texts.member(bind(value, scope), bind(key, scope))
        case nodes.Rows(pipeline):
            type, column = _first_column(pipeline, scope)
            return Bound(type, value=frozenset(column))
        case nodes.Scalar(pipeline):
            type, column = _first_column(pipeline, scope)
            return Bound(type, value=column[0] if column else None)
        case nodes.Star():
            raise errors.unsupported(f"'*' here in '{scope.operator}'")


def _operands(operator: str, operands: Sequence[nodes.Expression], scope: Scope) -> list[Bound]:
    """A name behind `in` that is neither column nor variable may be that of a table."""
    if operator.removeprefix("!") in operators.MEMBERSHIP and len(operands) == 2:
        tested, among = operands
        if isinstance(among, nodes.Name) and not _known(among.name, scope) and among.name in scope.tables:
            return [bind(tested, scope), bind(nodes.Rows(nodes.Pipeline(among.name, ())), scope)]
    return [bind(operand, scope) for operand in operands]


def _known(name: str, scope: Scope) -> bool:
    return name in scope.columns or name in scope.variables


def _first_column(pipeline: nodes.Pipeline, scope: Scope) -> tuple[str, Column]:
    frame = scope.evaluate(pipeline)
    name, type = next(iter(frame.schema.items()))
    return type, frame.column(name)


def _aggregate(call: nodes.Call, scope: Scope) -> Bound:
    if call.function not in AGGREGATES:
        known = [*functions.FUNCTIONS, *(() if scope.aggregate is None else AGGREGATES)]
        raise errors.unknown_function(call.function, ", ".join(known))
    if scope.aggregate is None:
        raise errors.misplaced_aggregate(scope.operator, call.function)
    return scope.aggregate(call)


def _name(name: str, scope: Scope) -> Bound:
    if name in scope.columns:
        return column(name, scope.columns[name])
    if name in scope.variables:
        return replace(scope.variables[name], name=name)
    raise errors.unresolved(scope.operator, name)


def bind_condition(expression: nodes.Expression, scope: Scope) -> Bound:
    """An expression that must be true or false. Raises KqlError."""
    bound = bind(expression, scope)
    if bound.type != "bool":
        raise errors.refused(scope.operator, f"the expression must have the type bool, not {bound.type}")
    return bound


@dataclass(slots=True)
class Columns:
    """The columns an operator makes, in order, with names as Microsoft's own parser gives them.

    A name given in the text must be new among the given ones; one that an expression suggests makes way by a number at
    its end; an expression that suggests none becomes Column1, Column2 and so on.
    """

    operator: str
    taken: set[str] = field(default_factory=set)
    made: dict[str, Bound] = field(default_factory=dict)
    _given: set[str] = field(default_factory=set)

    def add(self, bound: Bound, given: str = "") -> None:
        """Take up a column under the `given` name or the one it suggests. Raises KqlError."""
        if given in self._given:
            raise errors.refused(self.operator, f"a column with the name '{given}' is already declared")
        if given:
            self._given.add(given)
        name = self._free(given or bound.name or "Column", numbered=not (given or bound.name))
        self.taken.add(name)
        self.made[name] = bound

    def _free(self, name: str, *, numbered: bool) -> str:
        if not numbered and name not in self.taken:
            return name
        number = 1
        while f"{name}{number}" in self.taken:
            number += 1
        return f"{name}{number}"


def given_name(item: nodes.Item, scope: Scope) -> str:
    """The name given to an item, as by a column that it is, or "". Raises KqlError where several are given."""
    if len(item.names) > 1:
        raise errors.refused(scope.operator, "several names for an expression that makes one column")
    if item.names:
        return item.names[0]
    match item.expression:
        case nodes.Name(name) if name in scope.columns:
            return name
        case _:
            return ""


def bind_items(items: Sequence[nodes.Item], scope: Scope, columns: Columns) -> None:
    """Binds items one by one into `columns`. Raises KqlError."""
    for item in items:
        columns.add(bind(item.expression, scope), given_name(item, scope))
