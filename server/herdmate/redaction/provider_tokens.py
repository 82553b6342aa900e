"""Tokens that their issuer marks: the prefixes of services, and the shapes of keys.

Every pattern is linear: it starts at a literal that is searched for first, or at the start of a run
of characters, and each repetition ends at the first other character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from herdmate.redaction.places import Place
from herdmate.redaction.values import entropy, is_mixed


def issued_in(text: str) -> Iterator[Place]:
    """The places of marked tokens, in order."""
    for found in _ISSUED.finditer(text):
        if not found[0].startswith(_IN_WORDS) or is_mixed(found[0]):
            yield found.span()
    for found in _TAIL.finditer(text):
        if _is_drawn(found[1]):
            yield found.span(1)


def _one_of(shapes: str) -> str:
    """One pattern out of several, grouped by first character so that most places fail fast."""
    by_first = groupby(sorted(shapes.split()), lambda shape: shape[0])
    return "|".join(
        f"{first}(?:{'|'.join(shape[1:] for shape in alike)})"
        if first.isalnum()
        else "|".join(alike)
        for first, alike in by_first
    )


_ISSUED = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + _one_of(
        # Code and packages
        r"gh[pousr]_\w{16,} github_pat_\w{20,} "
        r"gl(?:pat|dt|rt|ft|cbt|ptt|oas|soat|imt|agent|ffct|wt)-[\w.-]{16,} "
        r"GR1348941[\w-]{20,} AT(?:ATT|CTT|BB)[\w=-]{16,} npm_[A-Za-z0-9]{30,} "
        r"pypi-[\w-]{32,} rubygems_[a-f0-9]{32,} cio[A-Za-z0-9]{32}\b oy2[a-z0-9]{43} "
        r"dckr_(?:pat|oat)_[\w-]{16,} AKCp[A-Za-z0-9]{40,} CLOJARS_[a-z0-9]{40,} "
        r"bk(?:ua|at)_[a-f0-9]{32,} CCIP(?:AT|RJ)_\w{16,} sgp_[a-f0-9_]{32,} "
        r"sntry[su]_[\w+/=.-]{20,} "
        r"glsa_\w{20,} glc_[A-Za-z0-9+/=]{20,} NR(?:AK|JS|II|RA|AL)-[A-Za-z0-9-]{16,} "
        r"PMAK-[a-f0-9-]{40,} ntn_[A-Za-z0-9]{30,} figd_[\w-]{20,} lin_(?:api|oauth)_\w{16,} "
        r"tskey-[a-z]+-[\w-]{16,} sq0[a-z]{3}-[\w-]{20,} HRKU-[\w-]{30,} API-[A-Z0-9]{25,} "
        r"rnd_[A-Za-z0-9]{28,} nfp_\w{30,} pat[A-Za-z0-9]{14}\.[a-f0-9]{40,} "
        r"rdme_[a-z0-9]{60,} pnu_[A-Za-z0-9]{30,} cmVmd[A-Za-z0-9]{50,} BBDC-[A-Za-z0-9+/=]{20,} "
        r"apify_api_[A-Za-z0-9]{20,} phx_[A-Za-z0-9]{20,} phc_[A-Za-z0-9]{20,} sm_[aps]at_\w{16,} "
        r"ico-[A-Za-z0-9]{32} sha256~[\w-]{40,} tk-us-[\w-]{30,} fio-u-[\w=-]{40,} "
        r"p8e-[A-Za-z0-9]{32} secret_[A-Za-z0-9]{28,} zpka_[a-z0-9_]{30,} dtn_[A-Za-z0-9]{24,} "
        r"re_[A-Za-z0-9]{6,10}_[A-Za-z0-9]{20,} tr_(?:dev|prod|stg)_[A-Za-z0-9]{20,} "
        r"NRAK-[A-Z0-9]{20,} A3-[A-Z0-9]{6}-[A-Z0-9]{6,11}-[A-Z0-9-]{15,} "
        # Clouds
        r"A(?:3T[A-Z0-9]|KIA|SIA|BIA|CCA|ROA|IDA|GPA|IPA|NPA|NVA)[A-Z0-9]{12,} "
        r"ABSK[A-Za-z0-9+/=]{60,} AIza[\w-]{30,} ya29\.[\w.-]{16,} GOCSPX-[\w-]{20,} "
        r"1//0[\w-]{30,} "
        r"do[opr]_v1_[a-f0-9]{32,} dapi[a-f0-9]{32}(?:-\d)? LTAI[A-Za-z0-9]{16,} "
        r"AKID[A-Za-z0-9]{28,} "
        r"hv[sbr]\.[\w-]{20,} dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{16,} fo1_[\w-]{20,} "
        r"fm[12][a-z]?_[A-Za-z0-9+/=]{20,} sbp_[a-f0-9]{32,} sb_secret_[\w-]{16,} "
        r"pul-[a-f0-9]{32,} "
        r"pscale_[a-z]+_[\w.=-]{20,} mdb_sa_sk_[\w-]{16,} napi_[a-z0-9]{40,} AQVN[\w-]{35,} "
        r"v1\.0-[a-f0-9]{20,}-[a-f0-9]{60,} "
        r"dt0[a-z]\d\d\.[A-Z0-9]{20,}\.[A-Z0-9]{40,} ops_eyJ[\w=-]{40,} "
        # Models
        r"hf_[A-Za-z0-9]{26,} api_org_[A-Za-z0-9]{26,} sk-[\w-]{20,} gsk_[A-Za-z0-9]{40,} "
        r"pplx-[A-Za-z0-9]{32,} xai-[A-Za-z0-9]{40,} r8_[A-Za-z0-9]{30,} pcsk_\w{30,} "
        r"lsv2_(?:pt|sk)_\w{30,} nvapi-[\w-]{40,} "
        r"tvly-[\w-]{20,} sess-[A-Za-z0-9]{30,} ctx7sk-[\w-]{20,} fw_[A-Za-z0-9]{20,} "
        r"jina_[A-Za-z0-9]{40,} e2b_[a-f0-9]{32,} vcp_[A-Za-z0-9]{24,} cf[ua]t_\w{30,} "
        r"exa_[A-Za-z0-9]{24,} fc-[a-f0-9]{32} csk-[a-z0-9]{40,} AQ\.[\w-]{40,} "
        r"bb_live_[\w-]{20,} wandb_v1_\w{30,} replicate_[A-Za-z0-9]{24,} "
        # Messages and money
        r"xox[a-z]-[\w-]{10,} xoxe\.xox[bp]-[\w-]{10,} xapp-[\w-]{16,} "
        r"sk_(?:live|test|prod)_\w{10,} rk_(?:live|test|prod)_\w{10,} whsec_[A-Za-z0-9+/=]{20,} "
        r"SG\.[\w-]{16,}\.[\w-]{16,} SK[a-f0-9]{32} AC[a-f0-9]{32} key-[a-zA-Z0-9]{32} "
        r"xkeysib-[a-f0-9]{32,}-\w{10,} shp(?:at|ca|pa|ss|tka|ua)_[a-fA-F0-9]{16,} "
        r"EAA[A-Za-z0-9]{60,} EAAA[\w-]{50,} "
        r"access-(?:sandbox|development|production)-[0-9a-f-]{36} "
        r"FLWSECK(?:_TEST)?-\w{20,} shippo_(?:live|test)_[a-f0-9]{32,} EZ[AT]K[A-Za-z0-9]{40,} "
        r"duffel_(?:live|test)_[\w-]{30,} tfp_[\w.-]{40,} AAAAAAAAAAAAAAAAAAAAAA[\w%]{30,} "
        r"[MNO][\w-]{22,27}\.[\w-]{6,7}\.[\w-]{27,45} "
        # Keys
        r"AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Za-z]{16,} "
        r"e(?<![_-]e)yJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+){0,3} "
        r"[xyztuv]prv[A-Za-z0-9]{50,} nsec1[A-Za-z0-9]{50,} ed(?:sk|esk)[A-Za-z0-9]{40,} "
        r"RWRTY0Iy[A-Za-z0-9+/=]{40,} RWRCS[A-Za-z0-9+/=]{60,} b3BlbnNzaC1rZXkt[A-Za-z0-9+/=]{20,} "
        r"MIIE[pvow][A-Za-z0-9+/]{3}IBA[A-Za-z0-9+/=]{40,} MIGHAgEAMBMGByqGSM49[A-Za-z0-9+/=]{40,} "
        r"MHcCAQEEI[A-Za-z0-9+/=]{40,} MC4CAQAwBQYDK2Vw[A-Za-z0-9+/=]{40,} "
        r"eyJrIjoi[A-Za-z0-9+/=]{30,} LS0tLS1CRUdJTi[A-Za-z0-9+/=]{30,}"
    )
    + ")"
)
_IN_WORDS = (
    "sk-",
    "pypi-",
    "lin_",
    "sntry",
    "glsa_",
    "pcsk_",
    "figd_",
    "gh",
    "nvapi",
    "key-",
    "secret_",
    "sess-",
    "tvly-",
    "jina_",
    "replicate_",
    "fw_",
    "exa_",
    "ico-",
    "fc-",
    "re_",
)
"""Prefixes that ordinary words can share; after these the rest has to look like a token."""

_TAIL = re.compile(r"[_-](?<=[a-z0-9][_-])([A-Za-z0-9]{24,512})(?![A-Za-z0-9+/=])")
"""What follows the prefix of a service that has a prefix but is not known here."""


def _is_drawn(value: str) -> bool:
    """Is it drawn at random from letters of both cases and digits?"""
    counts = [sum(map(test, value)) for test in (str.islower, str.isupper, str.isdigit)]
    return min(counts) >= max(3, len(value) // 16) and is_mixed(value) and entropy(value) >= 3.9
