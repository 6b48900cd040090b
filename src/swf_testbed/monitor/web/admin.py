"""What staff finds in Django's admin beside users: namespaces to give away, and tokens to revoke."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from swf_testbed.monitor.store.models import ApiToken, Namespace

admin.site.site_header = "swf-testbed"
admin.site.site_title = "swf-testbed admin"
admin.site.index_title = "Users, namespaces, tokens"


class NamespaceForm(forms.ModelForm):  # type: ignore[type-arg]  # has none when it runs
    """A namespace; its name stays, since everything in it says it."""

    class Meta:
        """What staff changes."""

        model = Namespace
        fields = ("owner", "members", "description")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in self.Meta.fields:
            self.fields[name].required = False

    def clean_members(self) -> list[str]:
        """Names of users."""
        members = self.cleaned_data["members"] or []
        if not isinstance(members, list) or not all(isinstance(name, str) for name in members):
            raise forms.ValidationError('must be a list of user names, like ["alice", "bob"]')
        return members


@admin.register(Namespace)
class NamespaceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # has none when it runs
    """Whose a namespace is."""

    form = NamespaceForm
    list_display = ("name", "owner", "members", "description")
    search_fields = ("name", "owner")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Namespaces are made by those who use them."""
        del request
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # has none when it runs
    """Whose tokens there are; they are only revoked, by deleting them. Nobody sees what they are."""

    list_display = ("name", "user", "read_only", "created_at", "last_used_at", "expires_at")
    list_filter = ("user", "read_only")
    exclude = ("digest",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A token is shown to its user alone, who makes it."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a token opens is said when it is made."""
        del request, obj
        return False
