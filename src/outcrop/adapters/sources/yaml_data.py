"""Reads YAML of strangers: plain data alone, and no more of it than the text pays for."""

from __future__ import annotations

from typing import Any

MOST_MERGED = 100_000  # members that merge keys (`<<`) copy


def load_yaml(text: str) -> Any:
    """The one document of a text. Raises ValueError where it is none, RecursionError where it is nested too deeply."""
    import yaml

    fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(fast):  # type: ignore[misc] # chosen at run time
        merged = 0

        def flatten_mapping(self, node: Any) -> None:
            """Copy what merge keys name, which nested ones could do without end."""
            before = len(node.value)
            super().flatten_mapping(node)
            self.merged += max(len(node.value) - before, 0)
            if self.merged > MOST_MERGED:
                raise yaml.YAMLError("its merge keys copy too much")

    loader = Loader(text)
    try:
        return loader.get_single_data()
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    finally:
        loader.dispose()
