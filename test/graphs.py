from helpers import behind  # noqa: F401
