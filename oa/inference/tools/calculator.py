"""Sums, exactly as they are written. Nothing is evaluated but numbers, operators and a few functions."""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Callable, Mapping
from typing import Any

from oa.errors import Invalid
from oa.inference.engine import ToolDefinition
from oa.inference.tools.definitions import Tool

LONGEST = 200
"""Characters of a sum."""

MOST_BITS = 8192
"""Of a whole number on the way, so that no sum takes noticeable time or memory."""

LARGEST_FACTORIAL = 500

Number = int | float

OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Number]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: lambda left, right: left % right,
}

SIGNS: Mapping[type[ast.AST], Callable[[Any], Number]] = {ast.UAdd: lambda value: value, ast.USub: lambda value: -value}

FUNCTIONS: Mapping[str, Callable[..., Number]] = {
    **{name: getattr(math, name) for name in ("sqrt", "exp", "log", "log2", "log10", "floor", "ceil", "gcd", "lcm")},
    **{name: getattr(math, name) for name in ("sin", "cos", "tan", "asin", "acos", "atan", "degrees", "radians")},
    **{name: getattr(builtins, name) for name in ("abs", "round", "min", "max")},
}

CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau}

WRITTEN = str.maketrans({"\u00d7": "*", "\u00b7": "*", "\u00f7": "/", "\u2212": "-", "^": "**", "\u03c0": " pi "})
"""How people write what Python writes otherwise."""

DEFINITION = ToolDefinition(
    name="calculator",
    description="Works out a sum. It knows + - * / // % ** and brackets, " + ", ".join((*FUNCTIONS, "factorial")) + ".",
    parameters={
        "type": "object",
        "properties": {"expression": {"type": "string", "description": "such as (2 + 3) * sqrt(16)"}},
        "required": ["expression"],
    },
)


def calculate(expression: str) -> str:
    """The value of a sum.

    Raises:
        Invalid: it is no sum, too long, too large, or has no value, such as a division by zero.
    """
    if len(expression) > LONGEST:
        raise Invalid(f"the sum has more than {LONGEST} characters; work it out in parts")
    try:
        tree = ast.parse(expression.translate(WRITTEN).strip(), mode="eval")
        return _written(_value(tree.body))
    except ZeroDivisionError:
        raise Invalid("the sum divides by zero, which has no value") from None
    except (SyntaxError, RecursionError, MemoryError):
        raise Invalid("that is no sum; write numbers and operators, such as (2 + 3) * 4") from None
    except (ValueError, TypeError, OverflowError) as error:
        raise Invalid("the sum has no value that could be written, such as the root of a negative number") from error


def _value(node: ast.AST) -> Number:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            found: Number = value
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in SIGNS:
            found = SIGNS[type(sign)](_value(operand))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            found = _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATORS:
            found = OPERATORS[type(sign)](_value(left), _value(right))
        case ast.Name(id=name) if name in CONSTANTS:
            found = CONSTANTS[name]
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            found = _call(name, [_value(argument) for argument in arguments])
        case _:
            raise Invalid("that is no sum: only numbers, operators and known functions may stand in it")
    return _bounded(found)


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int):
        if exponent > 0 and base.bit_length() * exponent > MOST_BITS:
            raise Invalid("the power is too large to be written")
        return base**exponent
    found: Any = base**exponent
    if isinstance(found, complex):
        raise ValueError
    return found


def _call(name: str, values: list[Number]) -> Number:
    if name == "factorial":
        if len(values) != 1 or not isinstance(values[0], int) or not 0 <= values[0] <= LARGEST_FACTORIAL:
            raise Invalid(f"factorial takes one whole number up to {LARGEST_FACTORIAL}")
        return math.factorial(values[0])
    if name not in FUNCTIONS:
        raise Invalid(f"there is no function {name!r}; there is {', '.join((*FUNCTIONS, 'factorial'))}")
    return FUNCTIONS[name](*values)


def _bounded(value: Number) -> Number:
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        raise Invalid("a number in the sum is too large to be written")
    return value


def _written(value: Number) -> str:
    """Whole numbers in full, others to 12 digits, so that 0.1 + 0.2 is 0.3."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise OverflowError
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".12g")


async def _run(arguments: Mapping[str, Any]) -> str:
    expression = arguments.get("expression")
    if not isinstance(expression, str):
        raise Invalid("the calculator needs an expression, as text")
    return calculate(expression)


CALCULATOR = Tool(DEFINITION, _run, plugin_name="Calculator")
