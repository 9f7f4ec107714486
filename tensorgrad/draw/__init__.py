"""Drawing a graph of Tensors; `tensorgrad.graph_utils` is what to import from."""
