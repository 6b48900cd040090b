"""The door to the broker: publish and wait for the receipt, subscribe and acknowledge after the work."""

from swf_testbed.bus.address import BrokerAddress
from swf_testbed.bus.protocol import Bus, Delivery, Inbox, Subscription
from swf_testbed.bus.stomp_bus import StompBus, open_bus

__all__ = ["BrokerAddress", "Bus", "Delivery", "Inbox", "StompBus", "Subscription", "open_bus"]
