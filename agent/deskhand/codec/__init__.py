"""How a column's stored values are read as typed ones and written back in the same form.

`infer` looks at a column's values and finds its `Codec`; the catalog caches it (`to_json`). Decoding turns a
stored value into a typed one, encoding a typed one into the stored form of the row's old value, so that an
unchanged value is the same bytes and a changed one looks like its neighbours. What doesn't fit is an error,
never a guess: a column that contradicts itself is text.

This package refuses to open files, to know any tool and to fall back silently on another type.
"""

from __future__ import annotations

from deskhand.codec.codec import Codec, to_text
from deskhand.codec.infer import infer

__all__ = ["Codec", "infer", "to_text"]
