/* SPDX-License-Identifier: Apache-2.0 */
/* closes.c - the program of the closes_<folder> targets: nothing of its own, so that
 * every unresolved name in the link belongs to the folders. */
int main(void) {
    return 0;
}
