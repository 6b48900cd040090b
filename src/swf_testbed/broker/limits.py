"""Every bound of the broker, written once."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may ask of the broker; sizes in bytes, times in seconds.

    The defaults hold the broker under about 100 MB with a few dozen well-behaved clients.
    """

    max_frame: int = 16 * MIB
    """One frame: headers and body."""
    max_headers: int = 128
    max_header_bytes: int = 64 * KIB
    max_connections: int = 1000
    """Below the usual limit of 1024 open files."""
    max_subscriptions: int = 1000
    """Of one connection."""
    max_destinations: int = 10_000
    """Queues, topics and durable subscriptions together."""
    connect_timeout: float = 10.0
    """How long a client may take from the connection to its CONNECT frame."""
    heartbeat_floor: float = 0.1
    """The fastest heart-beat agreed to, either way."""
    heartbeat_grace: float = 1.0
    """Added to twice the promised interval before a silent client is dropped."""
    linger: float = 2.0
    """How long a refused client may take to read its ERROR frame before the connection is cut."""
    read_buffer: int = 64 * KIB
    """The most that is read from one connection at a time; each keeps as much."""
    write_buffer: int = 256 * KIB
    """Unsent bytes of one connection above which nothing more is handed to it."""
    queue_prefetch: int = 100
    """Unacknowledged messages of one queue subscription; `activemq.prefetchSize` overrides."""
    topic_prefetch: int = 1000
    """The same for a topic subscription, durable or not."""
    max_prefetch: int = 100_000
    unacked_bytes: int = 64 * MIB
    """Unacknowledged bytes of one subscription: they stay in memory to be delivered again."""
    topic_buffer_messages: int = 10_000
    """How far a plain topic subscriber may fall behind before it is disconnected."""
    topic_buffer_bytes: int = 16 * MIB
    volatile_messages: int = 100_000
    """Non-persistent messages waiting in one queue or durable subscription: they live in memory.

    More of them are refused by a queue, and dropped for a durable subscription.
    """
    volatile_bytes: int = 64 * MIB
    queue_messages: int = 1_000_000
    """Messages in one queue from which on its producers must wait; no dead letters, nothing is dropped."""
    queue_bytes: int = 1 * GIB
    """The same in bytes. Topics have no such bound: one absent subscriber must not stop the others."""
    held_bytes: int = 64 * MIB
    """Bytes of one connection that wait for room above which it is not read from."""
    window_messages: int = 1000
    """Persistent messages of one queue kept in memory; the others are on disk only."""
    window_bytes: int = 4 * MIB
    store_backlog: int = 8 * MIB
    """Bytes waiting to be committed above which producers are not read from."""
    sweep_interval: float = 30.0
    """How often expired messages and idle destinations are removed."""
    idle_destination: float = 300.0
    """An empty destination without consumers is forgotten after this time."""
