from .tensor import Tensor, derivative, no_grad
