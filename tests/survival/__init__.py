"""The studio under fire: real processes are killed, frozen and starved, and nothing may be lost."""
