"""The one error of the lab that becomes an HTTP answer in the words of Azure."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer other than success, in one of the two shapes Azure uses.

    `wrapped` is true for the shape of Azure Resource Manager, `{"error": {"code", "message"}}`, and false for the shape
    of App Service, which has capitalised members and no wrapper: `{"Code", "Message", ...}`.
    """

    def __init__(self, status: int, code: str, message: str, *, wrapped: bool = True) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message
        self.wrapped = wrapped

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        if self.wrapped:
            return {"error": {"code": self.code, "message": self.message}}
        return {
            "Code": self.code,
            "Message": self.message,
            "Target": None,
            "Details": [
                {"Message": self.message},
                {"Code": self.code},
                {"ErrorEntity": {"Code": self.code, "Message": self.message}},
            ],
            "Innererror": None,
        }
