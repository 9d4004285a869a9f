"""Forms from the JSON schema of a recipe's configuration: grouped, bounded, explained, faults beside the fields."""

from cvstudio.common.schema_form.build import build_form
from cvstudio.common.schema_form.form import Field, Group, Preset, SchemaForm
from cvstudio.common.schema_form.recipe_form import RecipeForm

__all__ = ["Field", "Group", "Preset", "RecipeForm", "SchemaForm", "build_form"]
