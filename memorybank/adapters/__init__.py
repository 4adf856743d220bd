"""Models of others behind our protocols: one file per extra, loaded only by entry point.

Law of this folder: nothing in `memorybank` imports from here, and no file here imports its
package before its `load` is called.
"""
