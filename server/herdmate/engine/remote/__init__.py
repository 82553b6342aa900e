"""The engine on another machine: a server that speaks OpenAI's API, llama-server's or Ollama's.

**Invariant:** only the host of ``herdmate.remote.url`` is contacted, directly and without a proxy;
redirects are not followed. The API key is in no log and in no message. ``connection`` speaks HTTP,
``messages`` reads streams, one module per dialect says how to ask and what an answer means,
``probe`` finds out which dialect a server speaks, ``engine`` puts them together.
"""
