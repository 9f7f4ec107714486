"""Graphs, walked without the help of what is tested."""


def behind(root):
    """root and every Tensor that it was computed from, each once."""
    seen, stack = {root}, [root]
    while stack:
        for parent in stack.pop().parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return seen
