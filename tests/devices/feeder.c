/* A SANE backend that is a sheet feeder: it delivers the PGM files of a folder, in the order of their names.

   Environment: FEEDER_STACK     folder of the sheets, each a binary PGM
                FEEDER_TROUBLE   SANE status that ends the stack early (6 jam, 7 empty, 8 cover, 9 I/O error …)
                FEEDER_AFTER     after so many pages
                FEEDER_MIDPAGE   1: half of the next page is delivered first
                FEEDER_HOLD      a file that must exist before each further page comes
                FEEDER_PACE_MS   a page begins this long after the one before, or later
                FEEDER_CONSUME   1: a sheet that went through is taken out of the folder
   Options: mode, resolution, source (Flatbed, ADF, ADF Duplex), and the area, which it takes no notice of. */

#include <dirent.h>
#include <sane/sane.h>
#include <sane/saneopts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ENTRY(name) sane_feeder_##name
enum { COUNT, MODE, RESOLUTION, SOURCE, LEFT, TOP, RIGHT, BOTTOM, OPTIONS };

static SANE_Option_Descriptor options[OPTIONS];
static SANE_String_Const modes[] = {"Lineart", "Gray", "Color", NULL};
static SANE_String_Const sources[] = {"Flatbed", "ADF", "ADF Duplex", NULL};
static SANE_Word resolutions[] = {4, 75, 150, 300, 600};
static SANE_Range area = {SANE_FIX(0), SANE_FIX(356), 0};
static char mode[16] = "Lineart", source[16] = "Flatbed";
static SANE_Int resolution = 75;
static SANE_Fixed corners[4];
static struct dirent **sheets;
static int sheet_count = -1, at, pages;
static FILE *page;
static char path[4096];
static long left_bytes, stop_bytes;
static int width, height;

static int is_sheet(const struct dirent *entry) { return strstr(entry->d_name, ".pgm") != NULL; }
static int number(const char *name, int otherwise) {
  const char *value = getenv(name);
  return value && *value ? atoi(value) : otherwise;
}

static void keep_pace(long interval_ms) {
  static struct timespec last;
  struct timespec now;
  long passed;
  clock_gettime(CLOCK_MONOTONIC, &now);
  passed = (now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000;
  if (last.tv_sec && passed < interval_ms) usleep((useconds_t)(1000 * (interval_ms - passed)));
  clock_gettime(CLOCK_MONOTONIC, &last);
}

SANE_Status ENTRY(init)(SANE_Int *version, SANE_Auth_Callback authorize) {
  (void)authorize;
  if (version) *version = SANE_VERSION_CODE(1, 0, 0);
  return SANE_STATUS_GOOD;
}
void ENTRY(exit)(void) {}

SANE_Status ENTRY(get_devices)(const SANE_Device ***list, SANE_Bool local) {
  static SANE_Device device = {"corridor", "Papier", "Simulated feeder", "sheetfed scanner"};
  static const SANE_Device *devices[] = {&device, NULL};
  (void)local;
  *list = devices;
  return SANE_STATUS_GOOD;
}

static void describe(int index, const char *name, SANE_Value_Type type, SANE_Int size) {
  SANE_Option_Descriptor *one = &options[index];
  one->name = one->title = one->desc = name;
  one->type = type;
  one->size = size;
  one->cap = SANE_CAP_SOFT_SELECT | SANE_CAP_SOFT_DETECT;
}

SANE_Status ENTRY(open)(SANE_String_Const name, SANE_Handle *handle) {
  static const char *names[] = {SANE_NAME_SCAN_TL_X, SANE_NAME_SCAN_TL_Y, SANE_NAME_SCAN_BR_X, SANE_NAME_SCAN_BR_Y};
  int index;
  if (*name && strcmp(name, "corridor")) return SANE_STATUS_INVAL;
  describe(COUNT, SANE_NAME_NUM_OPTIONS, SANE_TYPE_INT, sizeof(SANE_Word));
  options[COUNT].cap = SANE_CAP_SOFT_DETECT;
  describe(MODE, SANE_NAME_SCAN_MODE, SANE_TYPE_STRING, sizeof mode);
  options[MODE].constraint_type = SANE_CONSTRAINT_STRING_LIST;
  options[MODE].constraint.string_list = modes;
  describe(RESOLUTION, SANE_NAME_SCAN_RESOLUTION, SANE_TYPE_INT, sizeof(SANE_Word));
  options[RESOLUTION].unit = SANE_UNIT_DPI;
  options[RESOLUTION].constraint_type = SANE_CONSTRAINT_WORD_LIST;
  options[RESOLUTION].constraint.word_list = resolutions;
  describe(SOURCE, SANE_NAME_SCAN_SOURCE, SANE_TYPE_STRING, sizeof source);
  options[SOURCE].constraint_type = SANE_CONSTRAINT_STRING_LIST;
  options[SOURCE].constraint.string_list = sources;
  for (index = 0; index < 4; index++) {
    describe(LEFT + index, names[index], SANE_TYPE_FIXED, sizeof(SANE_Word));
    options[LEFT + index].unit = SANE_UNIT_MM;
    options[LEFT + index].constraint_type = SANE_CONSTRAINT_RANGE;
    options[LEFT + index].constraint.range = &area;
  }
  *handle = &options;
  return SANE_STATUS_GOOD;
}
void ENTRY(close)(SANE_Handle handle) { (void)handle; }

const SANE_Option_Descriptor *ENTRY(get_option_descriptor)(SANE_Handle handle, SANE_Int index) {
  (void)handle;
  return index >= 0 && index < OPTIONS ? &options[index] : NULL;
}

SANE_Status ENTRY(control_option)(SANE_Handle handle, SANE_Int index, SANE_Action action, void *value, SANE_Int *info) {
  int set = action == SANE_ACTION_SET_VALUE;
  (void)handle;
  if (info) *info = 0;
  switch (index) {
    case COUNT: *(SANE_Word *)value = OPTIONS; break;
    case MODE: set ? strcpy(mode, value) : strcpy(value, mode); break;
    case SOURCE: set ? strcpy(source, value) : strcpy(value, source); break;
    case RESOLUTION: set ? (resolution = *(SANE_Word *)value) : (*(SANE_Word *)value = resolution); break;
    default:
      if (index < LEFT || index >= OPTIONS) return SANE_STATUS_INVAL;
      set ? (corners[index - LEFT] = *(SANE_Word *)value) : (*(SANE_Word *)value = corners[index - LEFT]);
  }
  return SANE_STATUS_GOOD;
}

SANE_Status ENTRY(get_parameters)(SANE_Handle handle, SANE_Parameters *parameters) {
  (void)handle;
  parameters->format = SANE_FRAME_GRAY;
  parameters->last_frame = SANE_TRUE;
  parameters->bytes_per_line = parameters->pixels_per_line = width;
  parameters->lines = height;
  parameters->depth = 8;
  return SANE_STATUS_GOOD;
}

SANE_Status ENTRY(start)(SANE_Handle handle) {
  const char *folder = getenv("FEEDER_STACK"), *hold = getenv("FEEDER_HOLD");
  int after = number("FEEDER_AFTER", -1), most, trouble = number("FEEDER_TROUBLE", 0);
  (void)handle;
  if (!folder) return SANE_STATUS_IO_ERROR;
  if (sheet_count < 0) sheet_count = scandir(folder, &sheets, is_sheet, alphasort);
  if (page && left_bytes == 0 && number("FEEDER_CONSUME", 0)) unlink(path);
  if (page) fclose(page);
  page = NULL;
  if (pages == after && trouble && !number("FEEDER_MIDPAGE", 0)) return (SANE_Status)trouble;
  if (at >= sheet_count) return SANE_STATUS_NO_DOCS;
  if (pages) while (hold && access(hold, F_OK)) usleep(10000);
  keep_pace(number("FEEDER_PACE_MS", 0));
  snprintf(path, sizeof path, "%s/%s", folder, sheets[at]->d_name);
  at++;
  page = fopen(path, "rb");
  if (!page || fscanf(page, "P5 %d %d %d", &width, &height, &most) != 3) return SANE_STATUS_IO_ERROR;
  fgetc(page);
  left_bytes = (long)width * height;
  stop_bytes = pages == after && trouble ? left_bytes / 2 : -1;
  pages++;
  return SANE_STATUS_GOOD;
}

SANE_Status ENTRY(read)(SANE_Handle handle, SANE_Byte *data, SANE_Int most, SANE_Int *length) {
  (void)handle;
  *length = 0;
  if (left_bytes == 0) return SANE_STATUS_EOF;
  if (stop_bytes >= 0 && left_bytes <= stop_bytes) return (SANE_Status)number("FEEDER_TROUBLE", 9);
  *length = (SANE_Int)fread(data, 1, most < left_bytes ? (size_t)most : (size_t)left_bytes, page);
  left_bytes -= *length;
  return *length ? SANE_STATUS_GOOD : SANE_STATUS_IO_ERROR;
}

void ENTRY(cancel)(SANE_Handle handle) {
  (void)handle;
  if (page) fclose(page);
  if (page && left_bytes == 0 && number("FEEDER_CONSUME", 0)) unlink(path);
  page = NULL;
}
SANE_Status ENTRY(set_io_mode)(SANE_Handle handle, SANE_Bool non_blocking) {
  (void)handle;
  return non_blocking ? SANE_STATUS_UNSUPPORTED : SANE_STATUS_GOOD;
}
SANE_Status ENTRY(get_select_fd)(SANE_Handle handle, SANE_Int *fd) {
  (void)handle;
  (void)fd;
  return SANE_STATUS_UNSUPPORTED;
}
