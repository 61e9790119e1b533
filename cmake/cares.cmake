# SPDX-License-Identifier: Apache-2.0
#
# Name servers are asked through c-ares if it is there and wanted; else only addresses
# and the hosts file are known, and other names are refused in plain words.
#   MK_HAS_CARES    true: c-ares is used
#   mk_choose_cares(list)   leaves those sources of the Linux platform that fit
set(MK_HAS_CARES OFF)
if(MK_WITH_CARES)
    find_path(MK_CARES_HEADERS ares.h)
    find_library(MK_CARES_LIBRARY cares)
    mark_as_advanced(MK_CARES_HEADERS MK_CARES_LIBRARY)
    if(MK_CARES_HEADERS AND MK_CARES_LIBRARY)
        set(MK_HAS_CARES ON)
        link_libraries(cares)
    else()
        message(STATUS "c-ares (package libc-ares-dev) is missing: no name servers")
    endif()
endif()

set(MK_HAS_CARES ${MK_HAS_CARES} CACHE INTERNAL "c-ares is used")

function(mk_choose_cares list)
    set(here ${PROJECT_SOURCE_DIR}/platforms/linux)
    set(sources ${${list}})
    if(NOT MK_HAS_CARES)
        list(REMOVE_ITEM sources ${here}/servers_cares.c)
        list(APPEND sources ${here}/without_cares/servers_none.c)
    endif()
    set(${list} ${sources} PARENT_SCOPE)
endfunction()
