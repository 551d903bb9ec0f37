"""判分引擎: Redis and nothing else. One atomic script a step; Redis TIME is the only clock."""
