"""The engine on another machine: a server that speaks OpenAI's API, llama-server's or Ollama's.

**Invariant:** only the host of ``herdmate.remote.url`` is contacted, straight and without a proxy;
what it sends on to is not followed. The API key is in no log and in no message. ``connection``
speaks HTTP, ``messages`` reads streams, a dialect a file says how to ask and what an answer means,
``meeting`` finds out which dialect a server speaks, ``engine`` puts them together.
"""
