"""Accounts of the clinic's people: groups say what they may do, sites say where."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import StackedInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from scheduling import access
from scheduling.models import Staff
from scheduling.screens.frame import Screen, actor, bare, now


class Sites(StackedInline):
    """Where somebody works."""

    model = Staff
    fields = ("everywhere", "sites")
    can_delete = False
    verbose_name_plural = "sites"
    min_num = max_num = 1

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the giver's own sites: nobody gives what they do not have."""
        kwargs["queryset"] = access.visible_sites(request.user)
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Leave sites to their own screen: here they are ticked."""
        return bare(super().formfield_for_dbfield(db_field, request, **kwargs))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Leave “everywhere” to those who work everywhere."""
        return () if actor(request).sites is None else ("everywhere",)


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserScreen(UserAdmin, Screen):  # type: ignore[misc]
    """An account; a manager changes only those that may do no more than the manager."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = (Sites,)
    list_display = ("username", "full_name", "roles", "is_active")
    list_filter = ("groups", "is_active")
    ordering = ("username",)
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": (("first_name", "last_name"), "email")}),
        ("Access", {"fields": (("is_active", "is_staff"), "groups")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "password1", "password2")}),
        ("Person", {"fields": (("first_name", "last_name"), "email")}),
        ("Access", {"fields": ("groups",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Read the groups along."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the master key to those who hold one."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or not request.user.is_superuser:
            return shown
        return (*shown, ("Master key", {"fields": ("is_superuser",)}))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep stronger accounts out of reach: their password opens all that they may do."""
        if not super().has_change_permission(request, obj):
            return False
        return obj is None or access.may_manage(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let accounts be switched off: the trail names them."""
        return False

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the groups that the giver may give."""
        if db_field.name == "groups":
            given = [g.pk for g in Group.objects.all() if access.may_give(request.user, g)]
            kwargs["queryset"] = Group.objects.filter(pk__in=given)
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: Any) -> None:
        """Let whoever gets an account here sign in to these screens."""
        if not change:
            obj.is_staff = True
        obj.save()

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Keep the sites; an account's first row is theirs even when no site was chosen."""
        formset.save()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Save groups and sites, and sign for what somebody may now do."""
        user = form.instance
        before = access.standing_of(user) if change else {}
        super().save_related(request, form, formsets, change)
        access.sign_for(user=user, before=before, by=actor(request), now=now())

    @admin.display(description="name")
    def full_name(self, row: User) -> str:
        """Show the person's name."""
        return row.get_full_name() or "-"

    @admin.display(description="groups")
    def roles(self, row: User) -> str:
        """List the groups, and the master key."""
        named = [group.name for group in row.groups.all()]
        return ", ".join([*named, *(["superuser"] if row.is_superuser else [])]) or "-"
