"""The page that a person opens: NiceGUI, mounted behind the guard of the server.

`mount` is what `build(house, page=mount)` takes. Each page is a file; `words` has every word in
both languages; what comes from memory is shown as text, never as markup.
"""

from siliconfriend.web.mounting import mount

__all__ = ["mount"]
