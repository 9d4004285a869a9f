"""App configuration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MonitorConfig(AppConfig):
    """The monitor app."""

    name = "cvstudio.monitor"
    label = "monitor"

    def ready(self) -> None:
        """Enter the section; say what takes room."""
        from cvstudio.common.navigation import Section, register_section
        from cvstudio.monitor.disk import platform_kinds, spare_kinds

        summary = _("Processors, memory, GPUs, disks, queues and workers, live.")
        register_section(Section("system", _("System"), "/system/", "system", order=60, summary=summary))
        platform_kinds.register()
        spare_kinds.register()
