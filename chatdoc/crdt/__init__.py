"""The only room that knows pycrdt: facts as a Y document, updates in and out."""
