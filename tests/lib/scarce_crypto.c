/* SPDX-License-Identifier: MIT */
/*
 * scarce_crypto.c - objects of libcrypto that cannot be had.
 */
#include "scarce_wrap.h"

SCARCE(void *, EVP_MD_CTX_new, (void), ())
SCARCE(void *, EVP_CIPHER_CTX_new, (void), ())
