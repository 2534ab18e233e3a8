"""The tuner of an architecture search, under the name that NNI keeps of stored experiments."""

from aerial_nni.recipes.darts.search_tuner import ArchitectureTuner as ArchitectureTuner
