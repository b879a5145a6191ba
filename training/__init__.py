"""Training cash managers with reinforcement learning, and what the trained ones are worth."""
