# SPDX-License-Identifier: Apache-2.0
#
# port/tls.h: with OpenSSL 3 if it is there and wanted, else refused in plain words. The
# engine does no input or output, so every platform links the same one.
#   MK_HAS_TLS      true: OpenSSL is used
#   MK_HAS_WIDE_AES true: libipsec-mb seals where the processor can
#   MK_TLS_SOURCES  what implements the port
set(MK_HAS_TLS OFF)
if(MK_WITH_TLS)
    find_package(OpenSSL 3.0)
    if(OPENSSL_FOUND)
        set(MK_HAS_TLS ON)
    endif()
    if(NOT MK_HAS_TLS)
        message(STATUS "OpenSSL 3 (package libssl-dev) is missing: built without TLS")
    endif()
endif()

# OpenSSL 3.0 has no wide AES instructions, later ones have (decision 0026).
set(MK_HAS_WIDE_AES OFF)
if(MK_HAS_TLS AND MK_WITH_WIDE_AES AND OPENSSL_VERSION VERSION_LESS 3.1)
    find_path(MK_IPSEC_MB_HEADERS intel-ipsec-mb.h)
    find_library(MK_IPSEC_MB_LIBRARY IPSec_MB)
    mark_as_advanced(MK_IPSEC_MB_HEADERS MK_IPSEC_MB_LIBRARY)
    if(MK_IPSEC_MB_HEADERS AND MK_IPSEC_MB_LIBRARY)
        set(MK_HAS_WIDE_AES ON)
    else()
        message(STATUS "libipsec-mb (package libipsec-mb-dev) is missing: TLS is as fast as OpenSSL's own AES")
    endif()
endif()

# For the tests of what a build without it says.
add_library(mk_platform_tls_none OBJECT EXCLUDE_FROM_ALL
    ${PROJECT_SOURCE_DIR}/platforms/tls/none.c)
mk_compile(mk_platform_tls_none)

file(GLOB MK_TLS_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/platforms/tls/openssl*.c)
if(MK_HAS_TLS)
    # Everything that links the port may need it; what does not, does not keep it.
    link_libraries(OpenSSL::SSL OpenSSL::Crypto)
    if(MK_HAS_WIDE_AES)
        link_libraries(IPSec_MB)
        list(FILTER MK_TLS_SOURCES EXCLUDE REGEX "/openssl_wide_none\\.c$")
    else()
        list(FILTER MK_TLS_SOURCES EXCLUDE REGEX "/openssl_wide(_gcm)?\\.c$")
    endif()
else()
    set(MK_TLS_SOURCES ${PROJECT_SOURCE_DIR}/platforms/tls/none.c)
endif()
set(MK_HAS_TLS ${MK_HAS_TLS} CACHE INTERNAL "OpenSSL is used")
set(MK_HAS_WIDE_AES ${MK_HAS_WIDE_AES} CACHE INTERNAL "libipsec-mb is used")
add_library(mk_platform_tls OBJECT ${MK_TLS_SOURCES})
mk_compile(mk_platform_tls)
target_compile_definitions(mk_platform_tls PRIVATE MICROKERNEL_NARROW_HEADERS)
