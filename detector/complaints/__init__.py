"""From text to complaint to count: which service a post is about, how surely, by how many."""
