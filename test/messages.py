"""The messages of errors and warnings that the package can raise, as its source has them; and those on the pages.

A message is a text in which HOLE stands for what is put in when it is raised: a name, a shape, a value.
"""

import ast
import functools
import itertools
import re

from pages import DOCS, ROOT

PACKAGE = ROOT / "tensorgrad"
HOLE = "\0"
MOST = 64  # alternatives of one message

ERRORS = re.compile(r"\w*(Error|Warning)|warn|NotBatchable|NoAttribute")


def words(message):
    return len(re.findall(r"[^\W\d_]{2,}", message.replace(HOLE, " ")))


@functools.cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def defined(path):
    """What a module defines at its top level, by name; of what it imports from the package, (module, name)."""
    found = {}
    for node in tree_of(path).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = [path.parent, *path.parent.parents][node.level - 1] / (node.module or "").replace(".", "/")
            source = next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)
            found |= {alias.asname or alias.name: (source, alias.name) for alias in node.names if source}
    return found


def look_up(path, name):
    """Where a name of a module's top level is defined, and as what: (path, node), or (None, None)."""
    for _ in range(8):
        target = defined(path).get(name)
        if not isinstance(target, tuple):
            return path, target
        path, name = target
    return path, None


def joined(parts):
    return {"".join(choice) for choice in itertools.islice(itertools.product(*map(sorted, parts)), MOST)}


def is_assignment(node, name):
    """Whether a variable of this name gets a value."""
    if not isinstance(node, ast.Assign | ast.NamedExpr | ast.AnnAssign) or node.value is None:
        return False
    return getattr(node.targets[0] if isinstance(node, ast.Assign) else node.target, "id", "") == name


def holds(kind, name):
    """Whether the first argument of a class is kept in the attribute of this name: `self.name = name`."""
    begin = next((n for n in kind.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
    first = begin.args.args[1].arg if begin and len(begin.args.args) > 1 else None
    return any(
        isinstance(n, ast.Assign)
        and isinstance(n.targets[0], ast.Attribute)
        and n.targets[0].attr == name
        and getattr(n.value, "id", "") == first
        for n in ast.walk(begin or ast.Module([], []))
    )


def texts_of(node, path, function=None, depth=0):
    """The texts that an expression can be, as far as they stand in the source."""
    if depth > 8:
        return {HOLE}
    look = functools.partial(texts_of, path=path, function=function, depth=depth + 1)
    match node:
        case ast.Constant(value=str() as text):
            return {text}
        case ast.JoinedStr(values=values):
            return joined([look(v.value) if isinstance(v, ast.FormattedValue) else look(v) for v in values])
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return joined([look(left), look(right)])
        case ast.IfExp(body=body, orelse=other):
            return look(body) | look(other)
        case ast.BoolOp(op=ast.Or(), values=[*others, last]):  # of which none but the last is given if it is empty
            return set().union(*map(look, others)) - {""} | look(last)
        case ast.BoolOp(values=values):
            return set().union(*map(look, values))
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as between), attr="join"), args=[parts]):
            if isinstance(parts, ast.Name):  # a list that more is added to
                assigned = [n.value for n in ast.walk(function or ast.Module([], [])) if is_assignment(n, parts.id)]
                if len(assigned) == 1 and isinstance(assigned[0], ast.List):
                    return joined([*map(look, assigned[0].elts), {between + HOLE}])
            part = f"'{HOLE}'" if ast.unparse(parts).startswith("map(repr,") else HOLE
            return {part, part + between + part}  # of one, or of several
        case ast.Attribute(value=ast.Name(id="self"), attr=name):  # what objects of the module's only such class hold
            classes = [n for n in tree_of(path).body if isinstance(n, ast.ClassDef) and holds(n, name)]
            made = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.Call) and n.args and classes]
            held = [n.args[0] for n in made if getattr(n.func, "id", "") == classes[0].name]
            if len(classes) == 1 and held:
                return set().union(*(texts_of(value, path, None, depth + 1) for value in held))
        case ast.Call(func=ast.Attribute(value=text, attr="format")):
            return {re.sub(r"\{[^{}]*\}", HOLE, t) for t in look(text)}
        case ast.Call(func=ast.Name(id=called)):
            place, target = look_up(path, called)
            if isinstance(target, ast.FunctionDef):
                returned = [n.value for n in ast.walk(target) if isinstance(n, ast.Return) and n.value]
                found = {value: texts_of(value, place, target, depth + 1) for value in returned}
                for n in ast.walk(target):  # what is returned if it isn't empty
                    match n:
                        case ast.If(ast.Name(name), [ast.Return(ast.Name(same) as value)]) if name == same:
                            found[value].discard("")
                return set().union(*found.values()) or {HOLE}
        case ast.Name(id=name):
            assigned = [n.value for n in ast.walk(function or ast.Module([], [])) if is_assignment(n, name)]
            if assigned:
                more = [n for n in ast.walk(function) if isinstance(n, ast.AugAssign)]
                more = [n.value for n in more if getattr(n.target, "id", "") == name]
                return set().union(*map(look, assigned), *(joined([{HOLE}, look(value)]) for value in more))
            place, value = look_up(path, name)
            if isinstance(value, ast.expr):
                return texts_of(value, place, None, depth + 1)
    return {HOLE}


def raised():
    """Every message that is made in the package: message to the places, as path:line."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        functions = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.FunctionDef | ast.Lambda)]
        thrown = {id(n.exc) for n in ast.walk(tree_of(path)) if isinstance(n, ast.Raise)}
        makers = [
            f
            for f in functions
            if isinstance(f, ast.FunctionDef) and f.returns and ast.unparse(f.returns).endswith(("Error", "Exception"))
        ]
        thrown |= {id(n.value) for f in makers for n in ast.walk(f) if isinstance(n, ast.Return)}
        for node in ast.walk(tree_of(path)):
            called = getattr(getattr(node, "func", None), "attr", None) or getattr(
                getattr(node, "func", None), "id", ""
            )
            chosen = called in ("kind", "") and id(node) in thrown  # the class of the error, as in type(error)(...)
            if isinstance(node, ast.Call) and node.args and (chosen or ERRORS.fullmatch(called)):
                text = node.args[called == "OSError" and len(node.args) > 1]  # behind its number
                around = [f for f in functions if f.lineno <= node.lineno <= f.end_lineno]
                inner = min(around, key=lambda f: f.end_lineno - f.lineno, default=None)
                for message in texts_of(text, path, inner):
                    place = f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
                    message = re.sub(r"\s*\n\s*", " ", re.sub(f"{HOLE}+", HOLE, message))
                    if not message.startswith(":"):  # as if a name were left out, but not its colon
                        found.setdefault(message, []).append(place)
    return found


ENTRY = re.compile(
    r"^`(?P<message>[^`\n]+)`\n: (?P<cause>.+?)\n\n?: \*\*Cure\.\*\* (?P<cure>.+?)(?=\n\n|\Z)", re.M | re.S
)


def written():
    """The messages on the pages of errors: message to (page, cause, cure). <shape> stands there for a shape."""
    found = {}
    for page in sorted((DOCS / "errors").glob("*.md")):
        for match in ENTRY.finditer(page.read_text(encoding="utf-8")):
            message = re.sub(r"<[a-z][\w ,.'-]*>", HOLE, match["message"])
            found.setdefault(message, []).append((page, match["cause"], match["cure"]))
    return found


def pattern(message):
    """What fits a message of the page: holes are filled with anything."""
    return re.compile(".+?".join(map(re.escape, message.split(HOLE))), re.S)
