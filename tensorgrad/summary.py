"""How a network is shown as text: the tree of its modules, and a table of its layers."""

from __future__ import annotations

from typing import Any

from .grad_mode import no_grad


def text_of(module: Any) -> str:
    """The repr of a Module: a line for each module, indented as they are nested."""
    lines: list[str] = []
    around: list[str] = []  # the names of the modules that we are in
    for name, part in module.named_modules():
        while around and not name.startswith(around[-1]):
            around.pop()
        label = f"({name.removeprefix(around[-1] if around else '')}): " if name else ""
        lines.append("  " * len(around) + f"{label}{type(part).__name__}({part.extra_repr()})")
        around.append(f"{name}." if name else "")
    return "\n".join(lines)


def summary_of(module: Any, args: tuple, kwargs: dict[str, Any]) -> str:
    """`Module.summary`: the lines of the table, told by one call of the module."""
    shapes: dict[int, str] = {}
    modules = module.named_modules()
    handles = [part.register_forward_hook(_noting(shapes)) for _, part in modules if part._takes_hooks()]
    attributes = [(part, dict(vars(part))) for _, part in modules]
    try:
        with no_grad():
            module.eval()(*args, **kwargs)
    finally:
        for handle in handles:
            handle.remove()
        for part, before in attributes:  # the modes, and what forward has kept
            vars(part).clear()
            vars(part).update(before)
    rows = [("layer", "output", "parameters")]
    for name, part in modules:
        label = f"{name}: {type(part).__name__}" if name else type(part).__name__
        depth = sum(name.startswith(f"{other}.") for other, _ in modules) + bool(name)
        count = sum(p.size for p in part.parameters())
        rows.append(("  " * depth + label, shapes.get(id(part), "-"), f"{count:,}" if count else "-"))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{a:{widths[0]}}  {b:{widths[1]}}  {c:>{widths[2]}}".rstrip() for a, b, c in rows]
    return "\n".join([*lines, _totals(module)])


def _noting(shapes: dict[int, str]) -> Any:
    """A hook that notes the shape of the output; of several calls the last."""

    def note(module: Any, args: tuple, output: Any) -> None:
        shapes[id(module)] = _shape(output)

    return note


def _shape(output: Any) -> str:
    if isinstance(output, tuple | list):
        return ", ".join(map(_shape, output))
    return str(tuple(output.shape)) if hasattr(output, "shape") else "-"


def _totals(module: Any) -> str:
    parameters = module.parameters()
    frozen = sum(p.size for p in parameters if not p.requires_grad)
    text = f"{sum(p.size for p in parameters):,} parameters"
    return f"{text}, of which {frozen:,} are frozen" if frozen else text
