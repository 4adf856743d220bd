"""The drop-in proxy: any OpenAI client in front, any model behind, memory in between.

dialogue  what a message list says: the newest message, and the place where it stands   pure
asides    prompts that a client makes for itself: titles, tags, follow-ups              pure
notes     what is recalled, put before the newest message; everything else untouched
threads   where an exchange belongs: regenerated, branched, or new; and its storing
reply     a reply gathered from the bytes that pass through                             pure
upstream  the configured model: an HTTP server that is forwarded to, or a model in process
proxy     the two routes
"""
