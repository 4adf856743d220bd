"""How fast the server is, measured: embedder and model stubbed, real sockets, loopback.

    recall    REST recall on a bank of 1,000 turns by 8 clients: requests a second, p50, p95
    proxy     time to the first streamed byte through the proxy, against the model called directly
    banks     memory of the server after 1,000 banks were opened in turn
    page      first paint of the chat page on a bank of 1,000, in a real Chromium where there is one

Server, model and clients are processes of their own, as in life, on this one machine; so whatever
else runs here is measured too. Floors are of the same run.
"""
