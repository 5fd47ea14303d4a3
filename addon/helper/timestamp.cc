// SPDX-License-Identifier: Apache-2.0
#include "addon/helper/timestamp.h"

#include <cstdint>

namespace sampan {
namespace {

struct CivilDate {
  int64_t year;
  int64_t month;
  int64_t day;
};

// Proleptic Gregorian calendar. Years start in March here, so that the leap day is the last day of a year.
CivilDate civil_from_days(int64_t days_since_epoch) {
  constexpr int64_t kDaysPerEra = 146097;          // 400 years
  const int64_t days = days_since_epoch + 719468;  // since 0000-03-01
  const int64_t era = (days >= 0 ? days : days - (kDaysPerEra - 1)) / kDaysPerEra;
  const int64_t day_of_era = days - era * kDaysPerEra;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t march_month = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * march_month + 2) / 5 + 1;
  const int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

char *put_digits(char *out, int64_t value, int digits, char after) {
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out[digits] = after;
  return out + digits + 1;
}

}  // namespace

void format_timestamp(const struct timespec &time, char *out) {
  constexpr int64_t kSecondsPerDay = 86400;
  int64_t days = time.tv_sec / kSecondsPerDay;
  int64_t second = time.tv_sec % kSecondsPerDay;
  if (second < 0) {
    second += kSecondsPerDay;
    days -= 1;
  }
  const CivilDate date = civil_from_days(days);
  out = put_digits(out, date.year, 4, '-');
  out = put_digits(out, date.month, 2, '-');
  out = put_digits(out, date.day, 2, 'T');
  out = put_digits(out, second / 3600, 2, ':');
  out = put_digits(out, second / 60 % 60, 2, ':');
  out = put_digits(out, second % 60, 2, '.');
  put_digits(out, time.tv_nsec, 9, 'Z');
}

std::string to_text(const struct timespec &time) {
  std::string text(kTimestampSize, '\0');
  format_timestamp(time, text.data());
  return text;
}

struct timespec now() {
  struct timespec time = {};
  clock_gettime(CLOCK_REALTIME, &time);
  return time;
}

int64_t monotonic_ms() {
  struct timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1000000;
}

}  // namespace sampan
