"""nanochat's calculator tool: what the engine computes when the model writes an expression, and says in its place.

Arithmetic only, walked over Python's `ast`, never evaluated as code. nanochat's own engine also accepts a string
expression with `.count(`; that is not supported here: such an expression has no value, and nothing is forced.
"""

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass

from mri.nanochat.tokenizer import Tokenizer

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


@dataclass(frozen=True)
class Calculator:
    """Follows the chosen tokens; after an expression between the python tokens its result comes next.

    A result is `<|output_start|>`, the value's text, `<|output_end|>`. There is none for an empty expression or one
    without a value. Only what is generated counts: an expression left open by the prompt does not.
    """

    result: tuple[int, ...] = ()  # what has to be said next
    expression: tuple[int, ...] | None = None  # written so far; None = not between the python tokens

    def after(self, token: int, tokenizer: Tokenizer) -> "Calculator":
        """Where it stands when `token` was chosen."""
        special, result = tokenizer.special, self.result[1:]
        if token == special.get("<|python_start|>"):
            return Calculator(result, ())
        if self.expression is None:
            return Calculator(result)
        if token != special["<|python_end|>"]:
            return Calculator(result, (*self.expression, token))
        value = evaluate(tokenizer.decode(self.expression))
        if value is not None:
            result += (special["<|output_start|>"], *tokenizer.encode(value), special["<|output_end|>"])
        return Calculator(result)
