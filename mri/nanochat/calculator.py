"""nanochat's calculator tool: what the engine computes when the model writes an expression.

Arithmetic only, walked over Python's `ast`, never evaluated as code. nanochat's own engine also accepts a string
expression with `.count(`; that is not supported here: such an expression has no value, and nothing is forced.
"""

import ast
import operator
from collections.abc import Callable

_ALLOWED = frozenset("0123456789*+-/.() ")
_MAX_CHARACTERS = 1000  # without powers, no result has many more digits than its expression
_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
_UNARY: dict[type[ast.unaryop], Callable[[float], float]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}


def evaluate(expression: str) -> str | None:
    """The value of an expression as Python prints it, or None where it has none.

    Commas are removed first, as in "1,000". None for a power, any other character than `0123456789*+-/.() `,
    a division by zero, broken syntax, or more than 1000 characters. Never raises.
    """
    expression = expression.replace(",", "").strip(" ")
    if len(expression) > _MAX_CHARACTERS or "**" in expression or not _ALLOWED.issuperset(expression):
        return None
    try:
        return str(_value(ast.parse(expression, mode="eval").body))
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return None  # MemoryError is how Python's parser says "nested too deeply"


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_value(node.operand))
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value  # type: ignore[return-value]  # mypy does not follow `type(x) in`
    raise ValueError(f"{type(node).__name__} is not arithmetic")
