"""Answers to exercises of the course as students write them: right ones that aren't the solution, and wrong ones.

Right ones are given by notebook, as {exercise: answer}. A wrong one is a notebook, an exercise, an answer, and what the
check says about it.
"""

RIGHT = [
    (
        1,
        {
            5: """
def multiply(a, b):
    return Number(a.value * b.value, ((b, a.value), (a, b.value)))

def sine(a):
    return Number(np.sin(a.value), ((a, np.cos(a.value)),))

Number.__mul__ = multiply
""",
            2: """
def slope(f, x, h=1e-6):
    return float((f(x + h) - f(x - h)) / (h + h))
""",
            4: """
def gradient(f, x, h=1e-6):
    result = []
    for i in range(len(x)):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        result.append((above - f(x)) / (2 * h))
        x[i] += h
    return result
""",
        },
    ),
    (
        2,
        {
            4: """
def order(root):
    found = [root]
    for number in found:
        found += {z for z, _ in number.made_of if z not in found}
    listed = []
    while len(listed) < len(found):
        for number in found:
            if number not in listed and all(z in listed for z, _ in number.made_of):
                listed.append(number)
    return listed
""",
            5: """
def backward(root):
    numbers = order(root)
    for number in numbers:
        number.grad = 0.0
    root.grad = 1.0
    for number in numbers[::-1]:
        for z, local in number.made_of:
            z.grad += local * number.grad
""",
            7: "ours, theirs = 12.0, 24.0",
        },
    ),
    (
        4,
        {
            2: """
def cross_entropy(p, labels):
    return -np.log(labels * p + (1 - labels) * (1 - p)).sum() / len(labels)
""",
            3: """
def gradient(X, labels, w, b):
    ds = neuron(X, w, b) - labels
    return X.T @ ds / len(X), float(sum(ds) / len(X))
""",
            6: """
def step(parameters, X, labels, lr):
    loss = sigmoid_cross_entropy(network(X, parameters), labels)
    loss.backward()
    for parameter in parameters:
        parameter.data = parameter.data - lr * parameter.grad
        parameter.zero_grad()
    return loss
""",
        },
    ),
]

WRONG = [
    (
        4,
        2,
        """
def cross_entropy(p, labels):
    return -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))
""",
        "choose before log",
    ),
    (2, 4, "def order(root):\n    while len([]) < 1:\n        pass", "come to an end"),
    (1, 1, "answer = 3.5625", "from 20 to 21"),
    (1, 1, "answer = 2.5", "the first term"),
    (1, 7, "answer = 100", "doubles the paths"),
    (
        1,
        8,
        """
def best_angle(v):
    return float(np.arctan(v / np.sqrt(v**2 + 4 * 9.81))) + 1e-4
""",
        "off by 1.0e-04",
    ),
    (
        2,
        4,
        """
def order(root):
    listed = []
    def visit(number):
        for z, _ in number.made_of:
            visit(z)
        if number not in listed:
            listed.append(number)
    visit(root)
    return listed
""",
        "only once, not for each path",
    ),
    (
        2,
        5,
        """
def backward(root, arrives=1.0):
    root.grad += arrives
    for z, local in root.made_of:
        backward(z, local * arrives)
""",
        "along each of a million paths",
    ),
    (
        2,
        5,
        """
def backward(root):
    root.grad = 1.0
    for number in reversed(order(root)):
        for z, local in number.made_of:
            z.grad = local * number.grad
""",
        "added, not overwritten",
    ),
    (3, 8, "stress_gradient = lambda x: grad(stress)(x)", "without grad"),
    (3, 8, "stress_gradient = lambda x: measured(stress, x)", "without grad"),
    (
        4,
        1,
        """
import math

def neuron(X, w, b):
    return np.array([1 / (1 + math.exp(-float(s))) for s in X @ w + b])
""",
        "NumPy's functions on whole arrays",
    ),
    (
        4,
        1,
        """
def neuron(X, w, b):
    p = np.zeros(len(X))
    for i in range(len(X)):
        p[i] = 1 / (1 + np.exp(-(X[i] @ w + b)))
    return p
""",
        "NumPy's functions on whole arrays",
    ),
    (
        4,
        2,
        """
def cross_entropy(p, labels):
    return np.mean([-np.log(q if t else 1 - q) for q, t in zip(p, labels)])
""",
        "NumPy's functions on whole arrays",
    ),
    (
        4,
        6,
        """
def step(parameters, X, labels, lr):
    loss = sigmoid_cross_entropy(network(X, parameters), labels)
    for p in parameters:
        p.zero_grad()
    loss.backward()
    for p in parameters:
        p = p - lr * p.grad
    return loss.item()
""",
        "a new Tensor is made",
    ),
    (
        4,
        6,
        """
def step(parameters, X, labels, lr):
    loss = sigmoid_cross_entropy(network(X, parameters), labels)
    loss.backward()
    for p in parameters:
        p.data -= lr * p.grad
    return loss.item()
""",
        "step 2: was .grad zeroed",
    ),
    (
        4,
        7,
        """
def best_step(losses, patience):
    best = 0
    for i, l in enumerate(losses):
        if l <= losses[best]:
            best = i
        elif i - best >= patience:
            break
    return best
""",
        "as good as the best",
    ),
    (
        5,
        1,
        """
def conv1d(x, w):
    return [np.sum(x[i : i + len(w)] * w) for i in range(len(x) - len(w) + 1)]
""",
        "not a list",
    ),
    (
        5,
        6,
        """
def attention(q, k, v):
    weights = softmax(q @ np.swapaxes(k, -1, -2) / 2)
    return weights @ v, weights
""",
        "whatever d is",
    ),
    (6, 3, "own_hessian = lambda f, x: hessian(f)(x)", "by differences"),
    (6, 6, "import tensorgrad\nown_hvp = lambda f, x, v: tensorgrad.hvp(f)(x, v)", "with grad alone"),
    (6, 6, "own_hvp = lambda f, x, v: own_hessian(f, x) @ v", "with grad alone"),
    (
        6,
        6,
        """
def own_hvp(f, x, v, h=1e-6):
    return (grad(f)(x + h * v) - grad(f)(x - h * v)) / (2 * h)
""",
        "take no differences",
    ),
    (
        6,
        7,
        """
def solve(times, b, tolerance):
    s, r = np.zeros_like(b), b
    while np.linalg.norm(r) > tolerance * np.linalg.norm(b):
        s = s + 0.001 * r
        r = b - times(s)
    return s
""",
        "stop after 2",
    ),
]
