"""The eleven constitutional principles of the CPR framework that a deployment must keep."""

from __future__ import annotations

from cpr_cockpit.core.checklist import Applies, Due
from cpr_cockpit.core.checklists.building import checklist, derived, measured, signed

PRINCIPLES = checklist(
    "principles",
    "Constitutional Compliance",
    2,
    Due.STEP_2,
    (
        derived(
            "specification-driven",
            "Specification-Driven: Feature traceable to specifications",
            "The test documents mark the principle PASS and name their evidence; the cockpit did not trace it itself.",
        ),
        derived(
            "api-contract-consistency",
            "API Contract Consistency: DTOs match between backend/frontend",
            "The test documents mark the principle PASS and name their evidence; the contracts were not compared here.",
        ),
        signed(
            "framework-integration",
            "Framework Integration: ASP.NET Core + React patterns followed",
            "A named reviewer vouches for it; the test documents have no field for this principle.",
        ),
        derived(
            "type-safety",
            "Type Safety: No `any` or `dynamic` used",
            "The test documents mark the principle PASS and name their evidence; the sources were not searched here.",
        ),
        derived(
            "offline-first",
            "Offline-First: React Query caching, IndexedDB persistence",
            "The test documents mark the principle PASS and name their evidence; it was not tried offline here.",
        ),
        derived(
            "internationalization",
            "Internationalization: i18n keys for all UI text",
            "The test documents mark the principle PASS and name their evidence; the texts were not searched here.",
        ),
        derived(
            "comprehensive-testing",
            "Comprehensive Testing: Tests passing in CI/CD",
            "The CI checks of the very commit were read and passed; they say nothing of what is not tested.",
            due=Due.STEP_3,
            follows=("code-readiness.ci-checks",),
        ),
        measured(
            "performance",
            "Performance: API <200ms, UI <1s maintained in production",
            "p95 of the API and the load time of the UI in production stayed under these limits since T0.",
            due=Due.FINAL,
        ),
        measured(
            "security",
            "Security: Authentication/authorization working",
            "Production let a valid user in and turned an anonymous and an unauthorised one away; no more was tried.",
            due=Due.GO,
        ),
        derived(
            "accessibility",
            "Accessibility: WCAG 2.1 AA compliance verified",
            "The test documents state this compliance level; it was not tested here.",
        ),
        derived(
            "framework-tools",
            "Framework Tools: All phases completed properly",
            "`progress.md` shows every earlier phase complete; how well each was done it does not show.",
        ),
    ),
    applies=Applies.NOT_ROLLED_BACK,
)
