"""`siliconfriend serve`: REST, a drop-in proxy and MCP over one memory, on the user's own machine.

    guard    what may come in at all: Host, Origin, key or cookie, sizes, rates; nothing passes by
    access   what a key may do; the tenant always comes from the key, never from the request
    house    what is open while the server runs: the file, the index cache, models, keys, worker
    routes   every verb of the library under /v1
    proxy    POST /v1/chat/completions and /v1/models; dialogue says what a chat client is doing
    worker   digests and deferred vectors from the durable jobs, under leases

Law of this package: handlers are plain functions in a thread pool over the one sync core; only
streams are async, so that an endless one never holds a thread. Nothing that a person said goes
to a log or into an error.
"""
