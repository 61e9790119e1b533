# SPDX-License-Identifier: Apache-2.0
#
# Reads src/LAYERS. After mk_read_layers:
#   MK_FOLDERS          every folder, lowest first
#   MK_USES_<folder>    what it may use directly
#   MK_CLOSURE_<folder> itself and everything it may use, directly or not

function(mk_read_layers file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(STRINGS ${file} rows REGEX "^[a-z]")
    set(folders)
    foreach(row IN LISTS rows)
        if(NOT row MATCHES "^([a-z0-9_]+) *:([a-z0-9_ ]*):")
            message(FATAL_ERROR "src/LAYERS: cannot read this row: ${row}")
        endif()
        set(folder ${CMAKE_MATCH_1})
        string(STRIP "${CMAKE_MATCH_2}" uses)
        string(REGEX REPLACE " +" ";" uses "${uses}")
        set(closure ${folder})
        foreach(used IN LISTS uses)
            if(NOT used IN_LIST folders)
                message(FATAL_ERROR
                    "src/LAYERS: ${folder} uses ${used}, which is not a row above it")
            endif()
            list(APPEND closure ${closure_of_${used}})
        endforeach()
        list(REMOVE_DUPLICATES closure)
        set(closure_of_${folder} ${closure})
        list(APPEND folders ${folder})
        set(MK_USES_${folder} ${uses} PARENT_SCOPE)
        set(MK_CLOSURE_${folder} ${closure} PARENT_SCOPE)
    endforeach()
    set(MK_FOLDERS ${folders} PARENT_SCOPE)
endfunction()

# The objects of some folders; those without a .c file have none.
function(mk_objects_of result)
    set(objects)
    foreach(folder IN LISTS ARGN)
        if(TARGET mk_${folder})
            list(APPEND objects $<TARGET_OBJECTS:mk_${folder}>)
        endif()
    endforeach()
    set(${result} ${objects} PARENT_SCOPE)
endfunction()
