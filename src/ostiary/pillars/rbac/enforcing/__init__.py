"""How a proposal becomes objects: ``objects`` writes them, ``steps`` orders the changes, ``canary`` says who goes first, ``afterwards`` what they leave.

``questions`` asks the API server itself after each stage, ``shadow`` asks the evidence beforehand, ``restoring`` keeps what was taken ready to be given back.
"""
