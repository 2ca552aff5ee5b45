"""Questions to the method, answered on labels that are known beforehand: by an oracle, or because people gave them."""
