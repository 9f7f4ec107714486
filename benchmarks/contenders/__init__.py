"""One module per contender: VERSION, and one function per task of workloads.py that prepares a step.

A step does the whole work of one training step (forward, loss, backward, update) and returns the loss before it; where
there is nothing to train, it returns a value and its gradients. It is written as the library's documentation would have
it written. A task that a module leaves out is in its MISSING, with the reason.
"""

CONTENDERS = {
    "numpy": "NumPy by hand",
    "numpy_out": "by hand with out=",
    "tensorgrad": "tensorgrad",
    "compiled": "tensorgrad compiled",
    "pytorch": "PyTorch",
    "torch_compile": "torch.compile",
    "jax": "JAX jit",
    "mygrad": "MyGrad",
    "autograd": "HIPS autograd",
    "micrograd": "micrograd",
}
