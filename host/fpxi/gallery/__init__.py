"""Pictures of every object on every simulated panel, taken through the product's own path."""

from fpxi.gallery.run import GalleryResult, make_gallery

__all__ = ["GalleryResult", "make_gallery"]
