"""The tiny separator (Mel-Band-Roformer), trained on espeak-ng's voices and synthetic music."""
