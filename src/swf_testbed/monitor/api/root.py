"""The REST interface as a whole."""

from ninja import NinjaAPI

api = NinjaAPI()
