"""CV Studio: the Django project and the platform, one app per noun of the product."""

__version__ = "0.1.0"
