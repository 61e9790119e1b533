# SPDX-License-Identifier: Apache-2.0
#
# mk_embed(FILE SYMBOL HEADER): write HEADER with the bytes of FILE as
# `static const uint8_t SYMBOL[]`. Done again when the file changes.
function(mk_embed file symbol header)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    file(CONFIGURE OUTPUT ${header} CONTENT
"/* Written by cmake/embed.cmake. */
#include <stdint.h>
static const uint8_t ${symbol}[] = {${bytes}};
")
endfunction()
